"""The values of a plan. Views and the applier read them."""
