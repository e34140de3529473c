"""Transfer curves between encodings of light."""
