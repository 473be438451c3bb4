"""The mini data: photos, tree detection, composed scenes and text photos, built from packages fetched by name.

Nothing here registers anything; :func:`mmrice.datasets.mini.build.prepare_mini` is the entry.
"""
