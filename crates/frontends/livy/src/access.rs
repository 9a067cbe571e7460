//! Who may do what: owners, proxy users, superusers, and users of the access control lists.
