"""The folder beside a checkpoint that holds its class centres: ``iter_100.centers`` beside ``iter_100.pth``."""
from .loading import restore_centers
from .saving import remove_with_centers, save_with_centers
from .states import leave_out_tables, tables_of

__all__ = ['leave_out_tables', 'remove_with_centers', 'restore_centers', 'save_with_centers', 'tables_of']
