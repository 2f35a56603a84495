"""The commands of `novita-infra sim`."""
