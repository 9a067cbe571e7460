//! Engines that can only call out: the desk where they take requests, and the worker that Hearth ships.
