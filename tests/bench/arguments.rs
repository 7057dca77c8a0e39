//! What a bench is told on its command line.

/// The number behind an option.
pub(crate) fn argument(name: &str, default: u64) -> u64 {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == name);
    let value = place.and_then(|place| arguments.get(place + 1));
    value.map_or(default, |text| {
        text.parse().expect("a number behind the option")
    })
}
