"""The command: one short function a verb."""
