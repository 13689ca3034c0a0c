//! Calendars: when backends are open, and what routes mean by a time.

use std::sync::Arc;

use jiff::tz::TimeZone;
use toml::Spanned;

use super::Resolver;
use crate::config::file;
use crate::route::Calendar;
use crate::route::calendar::{Dated, Weekly};

impl Resolver<'_> {
    /// `None` only when there is a fault.
    pub(super) fn calendar(
        &mut self,
        name: &Spanned<String>,
        calendar: &file::Calendar,
    ) -> Option<Calendar> {
        let zone = match &calendar.zone {
            None => Some(TimeZone::UTC),
            Some(zone) => {
                let found = TimeZone::get(zone.get_ref()).ok();
                if found.is_none() {
                    self.fault_with_help(
                        zone,
                        format!("there is no time zone \"{}\"", zone.get_ref()),
                        "names are those of the tz database, such as \"Europe/Berlin\", or \"UTC\"",
                    );
                }
                found
            }
        };
        if calendar.open.is_empty() && calendar.also.is_empty() {
            self.fault_with_help(
                name,
                format!("calendar \"{}\" is never open", name.get_ref()),
                "write open = [\"mon-fri 06:00-22:00\"], or closed days beside open = [\"daily\"]",
            );
        }
        let open = self.times(&calendar.open, Weekly::parse);
        let also = self.times(&calendar.also, Dated::parse);
        let closed = self.times(&calendar.closed, Dated::parse);
        Some(Calendar {
            name: Arc::from(name.get_ref().as_str()),
            zone: zone?,
            open: open?,
            also: also?,
            closed: closed?,
        })
    }

    fn times<T>(
        &mut self,
        texts: &[Spanned<String>],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let mut found = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(text.get_ref()) {
                Ok(time) => found.push(time),
                Err(message) => self.fault(text, message),
            }
        }
        (found.len() == texts.len()).then_some(found)
    }

    /// `None` when it is not there, or has faults of its own.
    pub(super) fn calendar_named(&mut self, name: &Spanned<String>) -> Option<Arc<Calendar>> {
        match self.calendars.get(name.get_ref()) {
            Some(calendar) => calendar.clone(),
            None => {
                let names: Vec<String> = self.calendars.keys().cloned().collect();
                self.unknown(name, "calendar", names.iter().map(String::as_str));
                None
            }
        }
    }
}
