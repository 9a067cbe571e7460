//! Kernels of string functions: positions are Spark's (from 1, negative from the end, counted in code points).

pub mod charset;
pub mod code;
pub mod collated;
pub mod cut;
pub mod decimal_format;
pub mod edit;
pub mod java_regex;
pub mod lengths;
pub mod locale_case;
pub mod number_format;
pub mod printf;
pub mod random_text;
pub mod regexp;
pub mod search;
