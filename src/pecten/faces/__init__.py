"""From a clip to normalised faces: detect, landmarks, stabilise, track, normalise, region, records."""
