"""Operations on the manifests alone: no account, and no state."""
