"""What packages of a user's own add: data sets, architectures, metrics."""
