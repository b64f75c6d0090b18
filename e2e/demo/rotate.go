package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"
)

const (
	// connectionLife is how long Envoys use a connection here, so that a rotation reaches all of
	// them while one watches.
	connectionLife = 2 * time.Second
	// caLead is how long a new CA is published before its first use, caKeep how long the old one
	// is published after its last: longer than a connection lives.
	caLead, caKeep = 3 * time.Second, 6 * time.Second
)

// rotate asks postern-dev, as one would at a prompt.
func (d *demo) rotate(ctx context.Context, args ...string) error {
	shown := "postern-dev rotate"
	for _, a := range args {
		shown += " " + a
	}
	d.line("  $ %s", shown)
	_, err := d.mesh.tool(ctx, "postern-dev", append([]string{"rotate", "--dir", d.mesh.path("dev")}, args...)...)
	return err
}

// rotateSVIDs replaces every workload's certificate.
func (d *demo) rotateSVIDs(ctx context.Context) error {
	d.title("Rotating certificates, under traffic")
	before, err := d.presented(ctx)
	if err != nil {
		return err
	}
	if err := d.rotate(ctx, "svids"); err != nil {
		return err
	}
	took, err := d.awaitCertificate(ctx, func(now *x509.Certificate) bool { return now.SerialNumber.Cmp(before.SerialNumber) != 0 })
	if err != nil {
		return err
	}
	d.check(took < 2*slow, "the Envoy of orders presents its new certificate after %s", millis(took))
	return nil
}

// rotateCA replaces the CA of the trust domain and waits until the old one is no longer trusted.
func (d *demo) rotateCA(ctx context.Context) error {
	d.title("Rotating the CA, under traffic")
	before, err := d.presented(ctx)
	if err != nil {
		return err
	}
	if err := d.keepOldIdentity(); err != nil {
		return err
	}
	if err := d.rotate(ctx, "ca", "--lead", caLead.String(), "--keep", caKeep.String()); err != nil {
		return err
	}
	begun := time.Now()
	took, err := d.awaitCertificate(ctx, func(now *x509.Certificate) bool { return string(now.AuthorityKeyId) != string(before.AuthorityKeyId) })
	if err != nil {
		return err
	}
	d.check(took < caLead+2*slow, "the Envoy of orders presents a certificate of the new CA after %s", seconds(took))
	if err := d.checkMobile(ctx, "mobile", "mobile, by the new CA", 200); err != nil {
		return err
	}
	if err := d.checkMobile(ctx, "before", "mobile, by the old CA", 200); err != nil {
		return err
	}
	err = d.step("waiting until the old CA is withdrawn", func() error {
		return sleep(ctx, time.Until(begun.Add(caLead+caKeep+500*time.Millisecond)))
	})
	if err != nil {
		return err
	}
	if err := d.checkMobile(ctx, "before", "mobile, by the old CA", 0); err != nil {
		return err
	}
	return d.checkMobile(ctx, "mobile", "mobile, by the new CA", 200)
}

// keepOldIdentity copies mobile's certificate, for when nobody trusts its CA any more.
func (d *demo) keepOldIdentity() error {
	folder := d.mesh.certificates("mobile")
	certificates, err := os.ReadFile(folder + "/svid.pem")
	if err != nil {
		return err
	}
	key, err := os.ReadFile(folder + "/key.pem")
	if err != nil {
		return err
	}
	return d.mesh.keepIdentity("before", certificates, key)
}

func (d *demo) checkMobile(ctx context.Context, as, who string, status int) error {
	o, err := d.mesh.send(ctx, request{as: as, to: "orders", line: "GET /orders/1001", tokens: d.tokens["alice"]})
	if err != nil {
		return err
	}
	d.check(o.status == status, "GET /orders/1001, %s: %s, %s", who, statusText(o.status), o.record.Reason)
	return nil
}

// awaitCertificate waits until the Envoy of orders presents a certificate that is as wanted.
func (d *demo) awaitCertificate(ctx context.Context, wanted func(*x509.Certificate) bool) (time.Duration, error) {
	begun := time.Now()
	for {
		now, err := d.presented(ctx)
		if took := time.Since(begun); err != nil || wanted(now) || took > patience {
			return took, err
		}
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// presented returns the certificate that the Envoy of orders presents.
func (d *demo) presented(ctx context.Context) (*x509.Certificate, error) {
	config, err := d.mesh.tlsOf("mobile", d.mesh.orders)
	if err != nil {
		return nil, err
	}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", d.mesh.orders.addr)
	if err != nil {
		return nil, fmt.Errorf("orders: %w", err)
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
