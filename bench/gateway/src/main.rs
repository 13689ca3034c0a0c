//! What a request costs through Figway, beside nginx, HAProxy and a bare hyper proxy, in one run.
//!
//!   bench-gateway run FIGWAY [--short] [--requests N] [--rounds N] [--idle N] [PART...]
//!   bench-gateway parts                       the parts there are, with what they do
//!   bench-gateway origin ADDRESS              answers GET with 1 or 64 KB and POST with 100 bytes
//!   bench-gateway ask ADDRESS PART REQUESTS   the clients of one part alone, for a profiler
//!   bench-gateway bare ORIGIN PLAIN H2 TLS CERTIFICATE KEY    a proxy of hyper and hyper-util, nothing else
//!
//! CPU is what the scheduler gave the proxy and its children (`/proc/PID/task/*/schedstat`, nanoseconds) over the requests of a round. The
//! rounds of all proxies alternate, so that what else the machine does meets each of them, and the least of a proxy's rounds counts: other work
//! on the machine can only add to it. Memory is the share of each process (`Pss`), children included. Peers that are not installed are left out.

mod load;
mod measure;
mod parts;
mod peers;
mod process;
mod proxy;
mod run;
mod serve;

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    runtime.block_on(async {
        match arguments.as_slice() {
            ["origin", address] => load::origin(address).await,
            ["bare", origin, plain, h2, tls, certificate, key] => {
                proxy::serve(origin, plain, h2, tls, certificate, key).await
            }
            ["ask", address, part, requests] => run::ask(address, part, requests.parse()?).await,
            ["parts"] => {
                parts::list();
                Ok(())
            }
            ["run", figway, rest @ ..] => run::run(figway, &parts::Wanted::read(rest)?).await,
            _ => anyhow::bail!("wanted: run FIGWAY [OPTIONS] [PART...] | parts | origin | bare"),
        }
    })
}
