"""UMG-CLIP's levels, and few trained parameters against all, on composed scenes: jobs, tables, a plot."""
