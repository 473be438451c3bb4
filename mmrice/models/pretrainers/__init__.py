"""Pretraining algorithms: wiring of backbone, neck and head. Imported on demand, since they need MMPretrain."""
