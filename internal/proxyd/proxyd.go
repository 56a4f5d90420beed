// Package proxyd is the proxy as a program that runs for months: its settings, its files, its sockets, and what an operator asks of it.
//
//	$ sipscribe proxy --domain example.com --users users.txt --listen 192.0.2.10:5060
//	level=INFO msg=serving domains=example.com realm=example.com users=2 listen="udp:192.0.2.10:5060 tcp:192.0.2.10:5060"
//
//	Settings ─ YAML, environment, flags ─┐
//	users file ──────────────────────────┼─▶ Server ─▶ proxy.Proxy on a transport.Driver
//	SIGHUP ─ Reload, SIGTERM ─ Drain ────┘      ├─▶ log, metrics, health
//	                                            └─▶ bindings that survive a restart
//
// What a request is owed is decided in internal/live/proxy, which has no sockets, files or clock; nothing here looks at a message.
package proxyd
