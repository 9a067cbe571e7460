//! Options and properties: keys and values in an order.

use hearth_plan::Options;

/// Sets the values of `new`; a key that is there keeps its place.
pub fn merge(into: &mut Options, new: &Options) {
    for (key, value) in new {
        match into.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => old.clone_from(value),
            None => into.push((key.clone(), value.clone())),
        }
    }
}

/// Takes an option out; keys compare without case.
pub fn take(options: &mut Options, key: &str) -> Option<String> {
    let at = options.iter().position(|(known, _)| known.eq_ignore_ascii_case(key))?;
    Some(options.remove(at).1)
}

/// `[a=1, b=2]`, in the order of the keys, or `None` when there are none.
pub fn listed(options: &Options) -> Option<String> {
    let mut sorted = options.clone();
    sorted.sort();
    let pairs: Vec<_> = sorted.iter().map(|(key, value)| format!("{key}={value}")).collect();
    (!pairs.is_empty()).then(|| format!("[{}]", pairs.join(", ")))
}
