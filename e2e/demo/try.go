package main

import "strings"

// tries returns lines for a shell, each with what to expect. The first changes to the mesh's
// folder, where the others find everything.
func (m *mesh) tries() []string {
	const curl = "curl -sk "
	at := func(as string) string { return "--cert " + as + "/svid.pem --key " + as + "/key.pem " }
	alice := `-H "Authorization: Bearer $(bin/postern-dev token --dir dev --user alice)" `
	web, orders := "https://"+m.web.addr, "https://"+m.orders.addr
	return []string{
		"cd " + m.dir,
		curl + alice + web + "/account/orders/1001  # 200",
		curl + web + "/account/orders/1001  # 401",
		curl + "-X POST " + strings.ReplaceAll(alice, "alice", "bob") + web + "/account/orders  # 403",
		curl + at("dev/mobile") + alice + orders + "/orders/1001  # 200",
		curl + at("dev/batch") + alice + orders + "/orders/1001  # 403",
		curl + at("intruder") + alice + orders + "/orders/1001  # refused",
		"tail -n 1 orders.jsonl",
		"sed -i.bak 's#sa/mobile]#sa/mobile, " + batchID + "]#' policies/orders.yaml && sleep 1",
		curl + at("dev/batch") + alice + orders + "/orders/1001  # 200",
		"curl -s http://" + m.orders.admin + "/readyz  # 200",
		"curl -s http://" + m.orders.admin + "/snapshot  # 200",
		"bin/postern-dev rotate svids --dir dev",
		"bin/postern envoy check envoy/orders/envoy.yaml",
	}
}

// printTries shows what can be done while the mesh is up.
func (d *demo) printTries() {
	d.title("Try it (-k, since curl cannot check a SPIFFE ID; Ctrl-C ends it all)")
	for _, t := range d.mesh.tries() {
		d.line("  %s", t)
	}
}
