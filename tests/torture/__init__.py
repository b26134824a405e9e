"""Long proofs on real servers: shortened with a fixed seed in `make test`, in full in `make torture`."""
