//! Only this machine under its own names is heard, and origins that somebody put on the list.

use crate::http_support::Running;

#[test]
fn only_the_names_of_this_server_are_hosts() {
    let server = Running::start();
    let port = server.address.port();
    let other = port.wrapping_add(1);
    let status = |host: &str| {
        let request = format!("GET /api/ml/flags HTTP/1.1\r\nHost: {host}\r\n\r\n");
        server.raw(request).status
    };
    for name in [
        "127.0.0.1",
        "localhost",
        "LocalHost",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
    ] {
        assert_eq!(status(&format!("{name}:{port}")), 200, "{name}");
        assert_eq!(
            status(&format!("{name}:{other}")),
            403,
            "{name}, wrong port"
        );
        assert_eq!(status(name), 403, "{name} without a port");
    }
    let foreign = [
        "evil.example",
        "127.0.0.1.evil.com",
        "localhost.",
        "0.0.0.0",
        "127.1",
        "127.0.0.2",
        "2130706433",
        "[::]",
        "[::ffff:127.0.0.1]",
        "::1",
        "a@127.0.0.1",
    ];
    for name in foreign {
        assert_eq!(status(&format!("{name}:{port}")), 403, "{name}");
    }
    for form in [
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:x",
        "localhost,localhost",
    ] {
        assert_eq!(status(form), 403, "{form}");
    }
    assert_eq!(status(&format!("127.0.0.1:+{port}")), 403);
    assert_eq!(status(&format!("127.0.0.1:0{port}")), 403);
}

#[test]
fn a_request_has_one_plain_host() {
    let server = Running::start();
    let cases: [&[u8]; 5] = [
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: \r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: l\xc3\xb6calhost:{port}\r\n\r\n",
    ];
    for request in cases {
        let shown = String::from_utf8_lossy(request).into_owned();
        assert_eq!(server.raw(request).status, 400, "{shown}");
    }
}

#[test]
fn an_absolute_address_must_be_this_servers() {
    let server = Running::start();
    let status = |target: &str| {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
        server.raw(request).status
    };
    assert_eq!(status("http://{host}/healthz"), 200);
    assert_eq!(status("http://localhost:{port}/healthz"), 200);
    assert_eq!(status("http://evil.example/healthz"), 403);
    assert_eq!(status("http://evil.example:{port}/healthz"), 403);
    assert_eq!(status("https://{host}/healthz"), 403);
    assert_eq!(status("http://a@{host}/healthz"), 403);
    let connect = "CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n\r\n";
    assert_eq!(server.raw(connect).status, 403);
    for line in ["CONNECT {host}", "OPTIONS *"] {
        let request = format!("{line} HTTP/1.1\r\nHost: {{host}}\r\n\r\n");
        assert_eq!(server.raw(request).problem(404), "not_found", "{line}");
    }
}

#[test]
fn foreign_origins_are_refused_without_any_content() {
    let server = Running::with_origin("http://localhost:5173");
    let port = server.address.port();
    let other_port = format!("http://localhost:{}", port.wrapping_add(1));
    let tls = format!("https://localhost:{port}");
    let foreign = [
        "http://evil.example",
        "null",
        &other_port,
        &tls,
        "http://localhost:5173.evil.example",
        "file://",
        "",
    ];
    for origin in foreign {
        for method in ["GET", "OPTIONS"] {
            let headers = [("Origin", origin), ("Access-Control-Request-Method", "PUT")];
            let answer = server.request(method, "/api/ml/flags", &headers, "");
            assert_eq!(answer.problem(403), "foreign", "{method} from {origin:?}");
            let told = answer.headers.iter().map(|(name, _)| name);
            let cors: Vec<_> = told
                .filter(|name| name.starts_with("access-control"))
                .collect();
            assert!(cors.is_empty(), "{method} from {origin:?}: {cors:?}");
        }
    }
    let two = [("Origin", "http://localhost:5173"); 2];
    assert_eq!(server.get("/healthz", &two).status, 403);
}

#[test]
fn an_origin_that_is_listed_while_the_server_runs_is_let_in_at_once_and_out_again() {
    let server = Running::start();
    let origin = "http://localhost:5173";
    let status = || server.get("/healthz", &[("Origin", origin)]).status;
    assert_eq!(status(), 403);
    let list = |origins: serde_json::Value| {
        let name = "http.allowedOrigins";
        server.app.change_setting(name, &origins).unwrap();
    };
    list(serde_json::json!([origin]));
    assert_eq!(status(), 200);
    list(serde_json::Value::Null);
    assert_eq!(status(), 403);
}

#[test]
fn pages_of_this_server_need_no_list() {
    let server = Running::start();
    let port = server.address.port();
    for name in ["127.0.0.1", "localhost", "[::1]"] {
        let origin = format!("http://{name}:{port}");
        let answer = server.get("/api/ml/flags", &[("Origin", &origin)]);
        assert_eq!(answer.status, 200, "{origin}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_listed_origin_reads_answers_and_errors_and_may_ask_before_it_writes() {
    let origin = "http://localhost:5173";
    let strict = Running::start();
    assert_eq!(strict.get("/healthz", &[("Origin", origin)]).status, 403);
    let server = Running::with_origin(origin);

    for (path, status) in [("/api/ml/flags", 200), ("/nothing", 404)] {
        let answer = server.get(path, &[("Origin", origin)]);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert_eq!(answer.header("vary"), Some("Origin"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for header in ["etag", "ml-all-off", "ml-warning"] {
            assert!(exposed.contains(header), "{exposed}");
        }
    }

    let asks = [("Origin", origin), ("Access-Control-Request-Method", "PUT")];
    let answer = server.request("OPTIONS", "/api/ml/flags", &asks, "");
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    let methods = answer.header("access-control-allow-methods").unwrap();
    assert!(
        ["PUT", "PATCH", "DELETE"]
            .iter()
            .all(|it| methods.contains(it))
    );
    let allowed = answer.header("access-control-allow-headers").unwrap();
    for name in ["authorization", "content-type", "if-match", "if-none-match"] {
        assert!(allowed.contains(name), "{name}");
    }
    assert!(answer.header("access-control-max-age").is_some());
}

#[test]
fn packaged_web_applications_are_let_in_and_answered_as_they_wrote_it() {
    let server = Running::start();
    let name = "http.allowedOrigins";
    let packaged = [
        "tauri://localhost",
        "capacitor://localhost",
        "ionic://localhost",
        "app://.",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://3c1f9d2e-5b7a-4a0e-9f43-0d6f2a1b7c58",
    ];
    for origin in packaged {
        let status = |origin: &str| server.get("/healthz", &[("Origin", origin)]).status;
        assert_eq!(status(origin), 403, "{origin} before it is listed");
        let listed = serde_json::json!([origin]);
        server.app.change_setting(name, &listed).unwrap();
        let upper = origin.to_ascii_uppercase();
        for sent in [origin, &upper] {
            let asks = [("Origin", sent), ("Access-Control-Request-Method", "PUT")];
            for method in ["GET", "OPTIONS"] {
                let answer = server.request(method, "/api/ml/flags", &asks, "");
                assert!(answer.status < 300, "{method} from {sent}");
                let echoed = answer.header("access-control-allow-origin");
                assert_eq!(echoed, Some(sent), "{method}");
            }
        }
        for near in [&format!("{origin}.example"), &format!("{origin}/"), "null"] {
            assert_eq!(status(near), 403, "{near}");
        }
    }
    for none in ["null", "file://", "*", "tauri://"] {
        let refused = server.app.change_setting(name, &serde_json::json!([none]));
        assert!(refused.is_err(), "{none}");
    }
}

#[test]
fn an_origin_is_the_same_with_its_default_port_and_in_capitals() {
    let server = Running::with_origin("HTTPS://App.Example:443");
    for origin in ["https://app.example", "https://APP.example:443"] {
        let answer = server.get("/healthz", &[("Origin", origin)]);
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
    }
    let other = [("Origin", "https://app.example:8443")];
    assert_eq!(server.get("/healthz", &other).status, 403);
}

#[test]
fn addresses_in_disguise_lead_nowhere() {
    let server = Running::start();
    let nowhere = [
        "/healthz/../api/ml/flags",
        "/healthz/%2e%2e/api/ml/flags",
        "/healthz/.%2E/api/ml/flags",
        "/./healthz",
        "//healthz",
        "/api//ml/flags",
        "/api/ml/flags/",
        "/api%2fml%2fflags",
        "/api/ml%2Fflags",
        "/api/ml%5cflags",
        "/api/ml\\flags",
        "/%61pi/ml/flags",
        "/API/ml/flags",
        "/",
        "/favicon.ico",
    ];
    for path in nowhere {
        assert_eq!(server.get(path, &[]).status, 404, "{path}");
    }
    let doubled = server.get("//api/ml/flags", &[]);
    assert!(doubled.text().contains("begins with two slashes"));
    assert_eq!(
        server.get("/api/ml/flags%00", &[]).problem(400),
        "malformed"
    );
    assert_eq!(server.get("/%00", &[]).problem(400), "malformed");
}

#[test]
fn every_answer_forbids_embedding_sniffing_and_scripts() {
    let server = Running::start();
    let answers = [
        server.get("/api/ml/flags", &[]),
        server.get("/healthz", &[]),
        server.get("/nothing", &[]),
        server.get("/healthz", &[("Host", "evil.example")]),
        server.request("PUT", "/api/ml/flags", &[], "{}"),
    ];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("cross-origin-resource-policy");
        assert_eq!(policy, Some("same-origin"));
        let csp = answer.header("content-security-policy").unwrap();
        assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"));
        let caching = answer.header("cache-control").unwrap();
        assert!(caching == "no-cache" || caching == "no-store", "{caching}");
    }
}
