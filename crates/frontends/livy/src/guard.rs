//! What every request passes: method override, API version, CSRF header, security headers.
