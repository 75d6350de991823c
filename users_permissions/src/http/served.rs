//! Which worker serves an application: found by the application a request belongs to, for to put it into every
//! request and to find it there costs more than all the rest of a check.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;

use actix_web::HttpRequest;
use actix_web::dev::{AppConfig, Extensions, ServiceRequest};

use super::worker::Worker;

thread_local! {
    /// The middlewares of this thread that have seen a request, mostly one.
    static SERVED: RefCell<Vec<Served>> = const { RefCell::new(Vec::new()) };
}

struct Served {
    application: Application,
    worker: Rc<Worker>,
    /// Does every request of the application pass this middleware?
    wholly: bool,
    /// Has the application no other one?
    alone: bool,
}

/// Stands for an application while it lives: each keeps its configuration where it is. Never followed.
type Application = *const AppConfig;

fn application(req: &HttpRequest) -> Application {
    ptr::from_ref(req.app_config())
}

/// A middleware's entry, as long as it lives.
pub(super) struct Place {
    application: Application,
    worker: Rc<Worker>,
    wholly: bool,
    container: Rc<Extensions>,
}

impl Place {
    /// Enters a middleware, at its first request.
    pub(super) fn of(req: &ServiceRequest, worker: &Rc<Worker>) -> Self {
        let application = application(req.request());
        // Scopes and resources have taken their part of the path off.
        let path = req.match_info();
        let mut wholly = path.unprocessed() == path.as_str();
        let _ = SERVED.try_with(|served| {
            let mut served = served.borrow_mut();
            for other in served.iter_mut() {
                if other.application == application {
                    other.alone = false;
                    wholly = false;
                }
            }
            served.push(Served {
                application,
                worker: Rc::clone(worker),
                wholly,
                alone: wholly,
            });
        });
        let mut container = Extensions::new();
        container.insert(Rc::clone(worker));
        Self {
            application,
            worker: Rc::clone(worker),
            wholly,
            container: Rc::new(container),
        }
    }

    /// What a request has to carry, where its application does not tell everything. Tests may send a middleware
    /// requests of many applications.
    #[inline]
    pub(super) fn container(&self, req: &ServiceRequest) -> Option<&Rc<Extensions>> {
        let is_told = self.wholly && self.application == application(req.request());
        (!is_told).then_some(&self.container)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Dropped after the borrow, with what it keeps alive.
        let _entry = SERVED.try_with(|served| {
            let mut served = served.borrow_mut();
            let mut entries = served.iter();
            let at = entries.position(|served| Rc::ptr_eq(&served.worker, &self.worker))?;
            Some(served.remove(at))
        });
    }
}

/// Asks the worker that serves a request: of the innermost middleware, if there are several.
#[inline]
pub(super) fn ask<T>(req: &HttpRequest, question: impl FnOnce(&Rc<Worker>) -> T) -> Option<T> {
    let application = application(req);
    SERVED
        .try_with(|served| {
            let served = served.borrow();
            let mut entries = served.iter();
            let entry = entries.find(|served| served.application == application);
            let worker = match entry {
                Some(entry) if entry.alone => &entry.worker,
                _ => carried(req).or(entry
                    .filter(|entry| entry.wholly)
                    .map(|entry| &entry.worker))?,
            };
            Some(question(worker))
        })
        .ok()
        .flatten()
}

#[cold]
fn carried(req: &HttpRequest) -> Option<&Rc<Worker>> {
    req.app_data()
}
