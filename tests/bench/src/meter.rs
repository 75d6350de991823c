//! Counts requests, and reads what a server has used up so far.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use stats_alloc::INSTRUMENTED_SYSTEM;
use users_permissions::UsersPermissions;

/// The outermost middleware of every variant, the bare one included. It allocates nothing and costs
/// one addition, for a request that is not counted where it is served cannot be counted exactly.
#[derive(Debug, Clone, Default)]
pub struct Meter {
    requests: Arc<AtomicU64>,
    plugin: Option<UsersPermissions>,
}

/// Everything since the start of the process.
#[derive(Debug, Serialize)]
pub struct Reading {
    allocations: u64,
    cpu_us: u64,
    requests: u64,
    queries: u64,
}

impl Meter {
    /// A meter that counts the plugin's statements as well.
    pub fn of(plugin: &UsersPermissions) -> Self {
        Self {
            plugin: Some(plugin.clone()),
            ..Self::default()
        }
    }

    /// Where the counters stand.
    pub fn read(&self) -> Reading {
        let heap = INSTRUMENTED_SYSTEM.stats();
        // Nanoseconds, where `/proc/self/stat` has hundredths of a second.
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        Reading {
            allocations: (heap.allocations + heap.reallocations) as u64,
            cpu_us: (cpu.tv_sec as u64) * 1_000_000 + (cpu.tv_nsec as u64) / 1_000,
            requests: self.requests.load(Ordering::Relaxed),
            queries: self
                .plugin
                .as_ref()
                .map_or(0, UsersPermissions::query_count),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Meter
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Transform = MeterService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(MeterService {
            service,
            requests: Arc::clone(&self.requests),
        }))
    }
}

/// The middleware in one worker.
#[derive(Debug)]
pub struct MeterService<S> {
    service: S,
    requests: Arc<AtomicU64>,
}

impl<S, B> Service<ServiceRequest> for MeterService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    type Response = S::Response;
    type Error = Error;
    type Future = S::Future;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.service.poll_ready(context)
    }

    #[inline]
    fn call(&self, req: ServiceRequest) -> Self::Future {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.service.call(req)
    }
}
