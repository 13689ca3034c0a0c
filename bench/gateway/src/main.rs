//! What a request costs through Figway's plain legacy route, beside a bare hyper proxy, in one run.
//!
//!   bench-gateway run FIGWAY [REQUESTS]   starts an origin, the bare proxy and `FIGWAY serve`, and prints CPU and memory
//!   bench-gateway origin                  answers GET with 1 KB and POST with 100 bytes
//!   bench-gateway bare ORIGIN             a proxy of hyper and hyper-util, nothing else
//!
//! CPU is user and system time of the proxy's process (`/proc/PID/stat`, 10 ms ticks) over the requests of a round; rounds
//! alternate between the two, so that what else the machine does meets both. Memory is `VmRSS`.

mod load;
mod proxy;
mod run;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    runtime.block_on(async {
        match arguments.as_slice() {
            ["origin"] => load::origin().await,
            ["bare", origin] => proxy::serve(origin).await,
            ["run", figway] => run::run(figway, 100_000).await,
            ["run", figway, requests] => run::run(figway, requests.parse()?).await,
            _ => anyhow::bail!("wanted: run FIGWAY [REQUESTS] | origin | bare ORIGIN"),
        }
    })
}
