//! The order of a table, and headings that lead to the same table in another one.

/// What a table is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) key: &'static str,
    pub(super) descends: bool,
}

/// A heading of a table.
pub(super) struct Heading {
    pub(super) label: &'static str,
    /// Numbers stand on the right.
    pub(super) is_number: bool,
    /// The table is in this column's order: `ascending` or `descending`.
    pub(super) sorted: Option<&'static str>,
    /// Leads to the table in this column's order, or in the opposite one.
    pub(super) link: String,
}

/// An order that can be chosen: as links name it, what a person reads, and whether it is the present one.
pub(super) type Choice = (String, String, bool);

impl Order {
    pub(super) const fn up(key: &'static str) -> Self {
        let descends = false;
        Self { key, descends }
    }

    pub(super) const fn down(key: &'static str) -> Self {
        let descends = true;
        Self { key, descends }
    }

    /// As links name it; `own` for anything else.
    pub(super) fn of(text: &str, keys: &[(&'static str, &'static str)], own: Self) -> Self {
        let (name, descends) = match text.strip_suffix(":desc") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let known = keys.iter().find(|(key, _)| *key == name);
        known.map_or(own, |(key, _)| Self { key, descends })
    }

    pub(super) fn name(self) -> String {
        match self.descends {
            true => format!("{}:desc", self.key),
            false => self.key.to_owned(),
        }
    }

    /// The heading of a column with this key.
    pub(super) fn heading(
        self,
        (key, label): (&'static str, &'static str),
        link: impl Fn(&Order) -> String,
    ) -> Heading {
        let is_sorted = self.key == key;
        let descends = is_sorted && !self.descends;
        Heading {
            label,
            is_number: false,
            sorted: is_sorted.then_some(match self.descends {
                true => "descending",
                false => "ascending",
            }),
            link: link(&Order { key, descends }),
        }
    }

    /// Every order by one of the keys.
    pub(super) fn choices(self, keys: &[(&'static str, &'static str)]) -> Vec<Choice> {
        let each = keys.iter().flat_map(|(key, label)| {
            [
                (Self::up(key), "ascending"),
                (Self::down(key), "descending"),
            ]
            .map(|(order, way)| (order.name(), format!("{label}, {way}"), order == self))
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[(&str, &str)] = &[("name", "Name"), ("users", "Users")];

    #[test]
    fn orders_survive_the_way_through_a_link() {
        let own = Order::up("name");
        for order in [own, Order::down("name"), Order::down("users")] {
            assert_eq!(Order::of(&order.name(), KEYS, own), order);
        }
        for odd in ["", "nothing", "users:asc", "users:desc:desc", ":desc"] {
            assert_eq!(Order::of(odd, KEYS, own), own, "{odd}");
        }
    }

    #[test]
    fn a_heading_turns_its_own_order_round() {
        let link = |order: &Order| order.name();
        let sorted = Order::up("users");
        let users = sorted.heading(("users", "Users"), link);
        assert_eq!(
            (users.sorted, users.link.as_str()),
            (Some("ascending"), "users:desc")
        );
        let name = sorted.heading(("name", "Name"), link);
        assert_eq!((name.sorted, name.link.as_str()), (None, "name"));
        assert_eq!(
            Order::down("users").heading(("users", "Users"), link).link,
            "users"
        );
        assert_eq!(
            sorted
                .choices(KEYS)
                .iter()
                .filter(|(.., chosen)| *chosen)
                .count(),
            1
        );
    }
}
