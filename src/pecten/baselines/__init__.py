"""Other methods, from their published descriptions, to be measured on the same footage and the same budget."""
