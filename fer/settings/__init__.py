"""What stands between Hydra and the commands: where it looks, and what is said when it fails."""
