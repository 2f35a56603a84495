"""The operations of v2 on the GPU cloud. They render and change the same records as those of v1 in `routes.cloud`."""
