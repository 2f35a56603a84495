"""What the market offers: products, clusters, templates and models."""
