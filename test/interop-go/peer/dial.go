// Clients: gorilla's Dialer. RFC 6455 section 4.1.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// dial connects; when the server refuses, the answer has its response.
func (p *peer) dial(r request) (answer, error) {
	o := r.Options
	d := websocket.Dialer{
		HandshakeTimeout:  20 * time.Second,
		Subprotocols:      o.Subprotocols,
		EnableCompression: o.EnableCompression,
		WriteBufferSize:   o.WriteBufferSize,
	}
	if o.StallAfter > 0 {
		d.NetDial = func(network, address string) (net.Conn, error) {
			c, err := net.Dial(network, address)
			return &stallingConn{Conn: c, left: o.StallAfter}, err
		}
	}
	if o.CA != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(o.CA)) {
			return nil, errors.New("no certificate in ca")
		}
		d.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	ws, response, err := d.Dial(r.URL, o.Headers)
	a := answer{}
	if response != nil {
		a["status"] = response.StatusCode
		a["headers"] = response.Header
		body, bodyErr := io.ReadAll(response.Body)
		if bodyErr != nil {
			return nil, bodyErr
		}
		a["body"] = string(body)
	}
	if err != nil {
		return a, err
	}
	a["subprotocol"] = ws.Subprotocol()
	a["connection"] = p.addConnection(newConnection(ws, o.ReadLimit))
	return a, nil
}
