"""Take the paths of NCCL on a rank of a gloo group."""
import torch.distributed as dist


def take_nccl_paths(patch):
    """Patch what tells the backend, and sum and scatter by an all-reduce, which gloo has in all versions."""
    all_reduce = dist.all_reduce

    def reduce_scatter_tensor(output, given):
        total = given.clone()
        all_reduce(total)
        output.copy_(total.chunk(dist.get_world_size())[dist.get_rank()])

    patch.setattr(dist, 'get_backend', lambda: 'nccl')
    patch.setattr(dist, 'reduce_scatter_tensor', reduce_scatter_tensor)
