//! Time spans as Strapi writes them.

use std::time::Duration;

use super::ConfigError;

/// Parses a time span: plain seconds (`60`), or a number and a unit (`45m`, `10h`, `2 days`,
/// `7d`, `2y`), the notation of Strapi's `jwt.expiresIn`.
///
/// A year is 365.25 days, as in the `ms` package.
///
/// # Errors
/// [`ConfigError::Invalid`] for anything else, and for a span of zero.
///
/// ```
/// use std::time::Duration;
/// use users_permissions::parse_span;
///
/// assert_eq!(parse_span("60").unwrap(), Duration::from_secs(60));
/// assert_eq!(parse_span("2 days").unwrap(), Duration::from_secs(172_800));
/// assert!(parse_span("soon").is_err());
/// ```
pub fn parse_span(text: &str) -> Result<Duration, ConfigError> {
    let invalid = || {
        ConfigError::invalid(
            "time span",
            format!("`{text}` is no time span; write seconds or e.g. \"45m\", \"10h\", \"7d\""),
        )
    };
    let text = text.trim();
    let split = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: f64 = number.parse().map_err(|_| invalid())?;
    const DAY: f64 = 86_400.0;
    let seconds = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7.0 * DAY,
        "y" | "yr" | "yrs" | "year" | "years" => 365.25 * DAY,
        _ => return Err(invalid()),
    };
    let span = Duration::try_from_secs_f64((number * seconds).floor()).map_err(|_| invalid())?;
    // 1000 years: beyond, the sum with the clock leaves what dates can hold.
    if span.is_zero() || span.as_secs() > 1_000 * 31_557_600 {
        return Err(invalid());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::parse_span;

    #[test]
    fn strapi_notations_are_understood() {
        let cases = [
            ("60", 60),
            ("45m", 2_700),
            ("10h", 36_000),
            ("2 days", 172_800),
            ("7d", 604_800),
            ("2y", 63_115_200),
            ("30d", 2_592_000),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse_span(text).unwrap().as_secs(), seconds, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "d",
            "0",
            "-1",
            "1.2.3",
            "5 parsecs",
            "1e9",
            "99999999y",
            "NaN",
        ] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
