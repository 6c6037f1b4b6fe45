"""Many pieces: a large order cut into jobs, each of which writes one shard, on one machine or many."""

from biaxial.jobs.shards import ShardPiece, read_shards

__all__ = ["ShardPiece", "read_shards"]
