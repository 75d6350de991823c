//! Times are stored to the microsecond and shown to the millisecond. Compared with one as it is shown, all of its
//! millisecond is meant; or else nothing would equal what an answer has just told.

use chrono::TimeDelta;

use super::condition::{Condition, Operator};
use super::filter::Filter;
use super::schema::FieldRef;
use super::value::Value;

const MILLISECOND: u32 = 1_000_000;
/// Of a leap second, the rest; databases have their own ideas of it.
const SECOND: u32 = 1_000_000_000;

/// The condition on a time as who wrote it has seen that time.
pub(super) fn as_shown(field: FieldRef, mut condition: Condition) -> Filter {
    match condition.operator {
        Operator::Equal | Operator::In => one_of(field, condition),
        // Of the two ends of `$between`, the later one is the last value.
        Operator::LessOrEqual | Operator::Greater | Operator::Between => {
            if let Some(value) = condition.values.last_mut() {
                *value = last_moment(value);
            }
            Filter::Field(field, condition)
        }
        _ => Filter::Field(field, condition),
    }
}

/// Equality with any of the values.
fn one_of(field: FieldRef, condition: Condition) -> Filter {
    let negated = condition.negated;
    let times = condition.values.iter();
    let mut parts: Vec<_> = times
        .map(|time| Filter::Field(field, equal(time.clone(), negated)))
        .collect();
    match parts.len() {
        0 | 1 => parts.pop().unwrap_or(Filter::Field(field, condition)),
        _ if negated => Filter::And(parts),
        _ => Filter::Or(parts),
    }
}

fn equal(time: Value, negated: bool) -> Condition {
    let last = last_moment(&time);
    let (operator, values) = if last == time {
        (Operator::Equal, vec![time])
    } else {
        (Operator::Between, vec![time, last])
    };
    Condition {
        operator,
        values,
        negated,
    }
}

/// The last moment of a time that is one of whole milliseconds; a finer one means itself.
fn last_moment(value: &Value) -> Value {
    match value {
        Value::Time(time) => {
            let part = time.timestamp_subsec_nanos();
            if part < SECOND && part.is_multiple_of(MILLISECOND) {
                Value::Time(*time + TimeDelta::microseconds(999))
            } else {
                value.clone()
            }
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FieldKind, Query, Schema};
    use super::*;

    fn filter(query: &str) -> Filter {
        let schema = Schema::new().field("at", FieldKind::Time);
        Query::parse(query, &schema).unwrap().filter.unwrap()
    }

    fn time(text: &str) -> Value {
        Value::parse(FieldKind::Time, text, "at").unwrap()
    }

    fn compared(operator: Operator, negated: bool, times: &[&str]) -> Filter {
        let condition = Condition {
            operator,
            values: times.iter().map(|text| time(text)).collect(),
            negated,
        };
        Filter::Field(FieldRef::Own(0), condition)
    }

    const SHOWN: &str = "2026-11-30T04:05:06.789Z";
    const LAST: &str = "2026-11-30T04:05:06.789999Z";
    const FINE: &str = "2026-11-30T04:05:06.789001Z";

    #[test]
    fn a_time_as_it_is_shown_is_a_millisecond() {
        for (query, operator, negated, times) in [
            ("", Operator::Between, false, &[SHOWN, LAST][..]),
            ("[$eq]", Operator::Between, false, &[SHOWN, LAST]),
            ("[$in]", Operator::Between, false, &[SHOWN, LAST]),
            ("[$ne]", Operator::Between, true, &[SHOWN, LAST]),
            ("[$notIn]", Operator::Between, true, &[SHOWN, LAST]),
            ("[$gt]", Operator::Greater, false, &[LAST]),
            ("[$lte]", Operator::LessOrEqual, false, &[LAST]),
            ("[$gte]", Operator::GreaterOrEqual, false, &[SHOWN]),
            ("[$lt]", Operator::Less, false, &[SHOWN]),
        ] {
            let parsed = filter(&format!("filters[at]{query}={SHOWN}"));
            assert_eq!(parsed, compared(operator, negated, times), "{query}");
        }
        assert_eq!(
            filter(&format!("filters[at][$between]={FINE},{SHOWN}")),
            compared(Operator::Between, false, &[FINE, LAST])
        );
        assert_eq!(
            filter(&format!("filters[at][$notIn]={FINE},{SHOWN}")),
            Filter::And(vec![
                compared(Operator::Equal, true, &[FINE]),
                compared(Operator::Between, true, &[SHOWN, LAST]),
            ])
        );
    }

    #[test]
    fn a_finer_time_is_itself() {
        for (query, operator, negated) in [
            ("[$eq]", Operator::Equal, false),
            ("[$ne]", Operator::Equal, true),
            ("[$gt]", Operator::Greater, false),
            ("[$lte]", Operator::LessOrEqual, false),
        ] {
            let parsed = filter(&format!("filters[at]{query}={FINE}"));
            assert_eq!(parsed, compared(operator, negated, &[FINE]), "{query}");
        }
    }

    #[test]
    fn the_last_time_there_is_has_a_last_moment() {
        let parsed = filter("filters[at][$gt]=9999-12-31T23:59:59.999Z");
        let last = compared(Operator::Greater, false, &["9999-12-31T23:59:59.999999Z"]);
        assert_eq!(parsed, last);
        let leap = filter("filters[at][$gt]=2016-12-31T23:59:60Z");
        assert_eq!(
            leap,
            compared(Operator::Greater, false, &["2016-12-31T23:59:60Z"])
        );
    }

    #[test]
    fn each_time_of_a_list_counts() {
        let schema = Schema::new().field("at", FieldKind::Time);
        let list = |times: usize| format!("filters[at][$in]={}", [SHOWN].repeat(times).join(","));
        assert!(Query::parse(&list(100), &schema).is_ok());
        let twice = format!("{}&{}", list(51), list(50).replace("$in", "$notIn"));
        assert!(Query::parse(&twice, &schema).is_err());
    }
}
