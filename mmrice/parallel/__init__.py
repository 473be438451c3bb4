"""Tables whose rows are split over ranks, and the collectives that they need."""
from .collectives import Rows, all_gather_numbers, gather_rows, rows_of, sum_parts
from .shards import RowShard, leave_out_of_ddp, mark_shard, row_shard, shard_rows, sharded_parameters

__all__ = [
    'RowShard', 'Rows', 'all_gather_numbers', 'gather_rows', 'leave_out_of_ddp', 'mark_shard', 'row_shard', 'rows_of',
    'shard_rows', 'sharded_parameters', 'sum_parts'
]
