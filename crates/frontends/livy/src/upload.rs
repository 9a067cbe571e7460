//! Files that come as parts of a form.
