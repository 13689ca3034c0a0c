//! The proxies of a run: where each listens, and what it is told.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context as _;

use crate::process::Process;
use crate::serve;

/// Where a proxy is asked: each way of asking has an address of its own.
#[derive(Debug, Clone, Copy)]
pub struct Listens {
    pub plain: SocketAddr,
    pub h2: SocketAddr,
    pub tls: SocketAddr,
}

impl Listens {
    /// Three ports that nobody has now.
    pub fn free() -> anyhow::Result<Self> {
        let held = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
        let [plain, h2, tls] = held;
        Ok(Self {
            plain: plain?.local_addr()?,
            h2: h2?.local_addr()?,
            tls: tls?.local_addr()?,
        })
    }

    fn all(self) -> [SocketAddr; 3] {
        [self.plain, self.h2, self.tls]
    }
}

/// A proxy that runs.
pub struct Proxy {
    pub name: &'static str,
    pub process: Process,
    pub at: Listens,
}

/// What all proxies are started with.
pub struct Stage<'a> {
    pub origin: SocketAddr,
    /// For their files; holds `cert.pem`, `key.pem` and `both.pem`.
    pub folder: &'a Path,
    /// Whether Figway is to speak TLS as well; the others always do.
    pub tls: bool,
}

impl Stage<'_> {
    fn file(&self, name: &str) -> anyhow::Result<String> {
        let path = self.folder.join(name);
        Ok(path.to_str().context("a path that is no text")?.to_owned())
    }

    fn write(&self, name: &str, text: &str) -> anyhow::Result<String> {
        let path = self.file(name)?;
        std::fs::write(&path, text)?;
        Ok(path)
    }

    pub async fn bare(&self) -> anyhow::Result<Proxy> {
        let own = std::env::current_exe()?;
        let own = own.to_str().context("a path that is no text")?;
        let at = Listens::free()?;
        let [plain, h2, tls] = at.all().map(|address| address.to_string());
        let origin = self.origin.to_string();
        let (certificate, key) = (self.file("cert.pem")?, self.file("key.pem")?);
        let arguments = ["bare", &origin, &plain, &h2, &tls, &certificate, &key];
        let process = Process::start(own, &arguments, &[], &at.all()).await?;
        Ok(Proxy {
            name: "bare hyper",
            process,
            at,
        })
    }

    /// Two workers, as many as Figway has threads; connections to the origin are kept, nothing is logged and nothing goes to disk.
    pub async fn nginx(&self) -> anyhow::Result<Proxy> {
        let at = Listens::free()?;
        let (folder, origin) = (self.folder.display(), self.origin);
        let Listens { plain, h2, tls } = at;
        let text = format!(
            r#"user root;
daemon off;
worker_processes 2;
worker_rlimit_nofile 20000;
pid {folder}/nginx-{}.pid;
error_log stderr crit;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  proxy_max_temp_file_size 0;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  upstream origin {{ server {origin}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen {plain};
    listen {h2} http2;
    listen {tls} ssl;
    ssl_certificate {folder}/cert.pem;
    ssl_certificate_key {folder}/key.pem;
    location / {{
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
"#,
            plain.port()
        );
        let file = self.write("nginx.conf", &text)?;
        let process = Process::start("nginx", &["-c", &file], &[], &at.all()).await?;
        Ok(Proxy {
            name: "nginx",
            process,
            at,
        })
    }

    /// Two threads; connections to the origin are kept and shared.
    pub async fn haproxy(&self) -> anyhow::Result<Proxy> {
        let at = Listens::free()?;
        let (folder, origin) = (self.folder.display(), self.origin);
        let Listens { plain, h2, tls } = at;
        // Each connection may need two descriptors, and 20,000 are what there is.
        let text = format!(
            "global
  nbthread 2
  maxconn 9500
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
frontend front
  bind {plain}
  bind {h2} proto h2
  bind {tls} ssl crt {folder}/both.pem
  default_backend origin
backend origin
  server origin {origin}
"
        );
        let file = self.write("haproxy.cfg", &text)?;
        let process =
            Process::start("haproxy", &["-db", "-q", "-f", &file], &[], &at.all()).await?;
        Ok(Proxy {
            name: "haproxy",
            process,
            at,
        })
    }

    /// With that many routes in that mode; also where its metrics are.
    pub async fn figway(
        &self,
        program: &str,
        name: &'static str,
        routes: usize,
        mode: &str,
    ) -> anyhow::Result<(Proxy, SocketAddr)> {
        let mut at = Listens::free()?;
        // It tells the two apart by the first bytes.
        at.h2 = at.plain;
        let admin = Listens::free()?.plain;
        let mut text = serve::routes(self, at, admin, name, routes, mode);
        if name == "figway-options" {
            text = serve::with_options(self, &text);
        }
        let file = self.write(&format!("{name}.toml"), &text)?;
        let settings = [("FIGWAY_LOG", "warn"), ("BENCH_TOKEN", "of-the-bench")];
        let mut listens = vec![at.plain, admin];
        if self.tls {
            listens.push(at.tls);
        }
        let process = Process::start(program, &["serve", &file], &settings, &listens).await?;
        Ok((Proxy { name, process, at }, admin))
    }
}
