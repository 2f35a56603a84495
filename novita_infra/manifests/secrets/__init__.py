"""The sources of secrets: a module for each form of `novita_infra.schema.secret_pointers`. No message has a secret."""
