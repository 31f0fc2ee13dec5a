//! Which database has which tag, while databases come and go.

use super::{CursorTag, TooManyDatabases};

/// The tags of a client's databases, those that have left included: a cursor that one of them issued must not be good
/// for another.
#[derive(Debug)]
pub(crate) struct CursorTags {
    /// Those that have left come after one another as they left.
    holders: Vec<Holder>,
}

#[derive(Debug)]
struct Holder {
    name: String,
    location: Option<String>,
    tag: CursorTag,
    is_member: bool,
}

impl CursorTags {
    /// The databases of the configuration, by name and location, with the tags of [`CursorTag::assign`].
    pub(crate) fn new(databases: Vec<(String, Option<String>)>) -> Result<Self, TooManyDatabases> {
        let names: Vec<_> = databases.iter().map(|(name, _)| name).collect();
        let tags = CursorTag::assign(&names)?;
        let holders = databases.into_iter().zip(tags);
        let holders = holders.map(|((name, location), tag)| Holder { name, location, tag, is_member: true });
        Ok(Self { holders: holders.collect() })
    }

    /// The tag of a member.
    pub(crate) fn of(&self, name: &str) -> Option<CursorTag> {
        self.holders.iter().find(|holder| holder.is_member && holder.name == name).map(|holder| holder.tag)
    }

    /// A tag for a database that joins. One that has left has its former tag again, if its name leads to the same place
    /// as before. If all tags were given away, that of the one that left longest ago is given anew.
    pub(crate) fn join(
        &mut self,
        name: &str,
        location: Option<String>,
    ) -> Result<CursorTag, TooManyDatabases> {
        let returns = |holder: &&mut Holder| {
            !holder.is_member && holder.name == name && location.is_some() && holder.location == location
        };
        if let Some(former) = self.holders.iter_mut().find(returns) {
            former.is_member = true;
            return Ok(former.tag);
        }
        let tag = self.free(name)?;
        self.holders.push(Holder { name: name.into(), location, tag, is_member: true });
        Ok(tag)
    }

    pub(crate) fn leave(&mut self, name: &str) {
        let leaves = |holder: &Holder| holder.is_member && holder.name == name;
        if let Some(index) = self.holders.iter().position(leaves) {
            let holder = self.holders.remove(index);
            self.holders.push(Holder { is_member: false, ..holder });
        }
    }

    fn free(&mut self, name: &str) -> Result<CursorTag, TooManyDatabases> {
        let first = CursorTag::of(name).index();
        let ring = (first..first + CursorTag::COUNT).map(CursorTag::at);
        let is_free = |tag: &CursorTag| self.holders.iter().all(|holder| holder.tag != *tag);
        if let Some(tag) = ring.into_iter().find(is_free) {
            return Ok(tag);
        }
        let gone = self.holders.iter().position(|holder| !holder.is_member);
        let gone = gone.ok_or(TooManyDatabases { count: self.holders.len() + 1 })?;
        Ok(self.holders.remove(gone).tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str) -> Option<String> {
        Some(format!("{host}:6379"))
    }

    fn of(names: &[&str]) -> CursorTags {
        CursorTags::new(names.iter().map(|name| ((*name).into(), at(name))).collect()).unwrap()
    }

    #[test]
    fn b60_a_database_that_joins_has_a_tag_of_its_own_and_keeps_it() {
        let mut tags = of(&["london", "paris"]);
        assert_eq!(tags.of("london"), Some(CursorTag::of("london")));
        let rome = tags.join("rome", at("rome")).unwrap();
        tags.leave("rome");
        assert_eq!(tags.of("rome"), None);
        let oslo = tags.join("oslo", at("oslo")).unwrap();
        assert_eq!(tags.join("rome", at("rome")), Ok(rome), "it is where it was");
        let all = [tags.of("london"), tags.of("paris"), Some(rome), Some(oslo)];
        for (index, tag) in all.iter().enumerate() {
            assert!(tag.is_some() && !all[..index].contains(tag), "{all:?}");
        }
    }

    #[test]
    fn b60_a_name_that_leads_elsewhere_than_before_has_another_tag() {
        let mut tags = of(&["london", "paris"]);
        let former = tags.of("paris").unwrap();
        tags.leave("paris");
        let present = tags.join("paris", at("lyon")).unwrap();
        assert_ne!(present, former, "cursors of the former paris are about");
        tags.leave("paris");
        assert_eq!(tags.join("paris", at("paris")), Ok(former));
        tags.leave("paris");
        // Nobody knows where a service of one's own leads to.
        let own = tags.join("paris", None).unwrap();
        tags.leave("paris");
        assert_ne!(tags.join("paris", None), Ok(own));
    }

    #[test]
    fn b60_another_name_has_another_tag_also_where_one_was_that_has_left() {
        let mut tags = of(&["london", "paris"]);
        let former = tags.of("paris").unwrap();
        tags.leave("paris");
        assert_ne!(tags.join("lutetia", at("paris")), Ok(former));
        assert_eq!(tags.join("paris", at("paris")), Ok(former));
    }

    #[test]
    fn b60_the_first_tag_is_given_like_any_other() {
        let name =
            (0..).map(|number| number.to_string()).find(|name| CursorTag::of(name).index() == 0).unwrap();
        let mut tags = CursorTags::new(vec![]).unwrap();
        assert_eq!(tags.join(&name, None), Ok(CursorTag::at(0)));
    }

    #[test]
    fn b60_when_all_tags_are_given_away_the_longest_gone_is_given_anew() {
        let mut tags = of(&["london"]);
        let tag_of = |tags: &mut CursorTags, number: usize| {
            let name = format!("database {number}");
            let tag = tags.join(&name, at(&name)).unwrap();
            tags.leave(&name);
            tag
        };
        let first = tag_of(&mut tags, 0);
        for number in 1..CursorTag::COUNT - 1 {
            assert_ne!(tag_of(&mut tags, number), first);
        }
        assert_eq!(tag_of(&mut tags, CursorTag::COUNT), first);
        for number in 0..CursorTag::COUNT - 1 {
            let name = format!("member {number}");
            tags.join(&name, at(&name)).unwrap();
        }
        assert_eq!(tags.of("london"), Some(CursorTag::of("london")), "members keep theirs");
        assert_eq!(tags.join("too many", None), Err(TooManyDatabases { count: CursorTag::COUNT + 1 }));
    }
}
