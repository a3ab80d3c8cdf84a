// Servers: net/http with gorilla's Upgrader, plain and over TLS. RFC 6455 section 4.2.
package main

import (
	"net"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
)

// options are those of gorilla's Upgrader and Dialer, and what the connections begin with.
type options struct {
	TLS               bool                `json:"tls"`
	CA                string              `json:"ca"` // PEM, for dial
	Headers           map[string][]string `json:"headers"`
	Subprotocols      []string            `json:"subprotocols"`
	EnableCompression bool                `json:"enableCompression"`
	WriteBufferSize   int                 `json:"writeBufferSize"`
	ReadLimit         int64               `json:"readLimit"`
	StallAfter        int                 `json:"stallAfter"` // bytes written; 0 for never
}

// listener is a server and the connections that nobody has asked for yet.
type listener struct {
	server   *http.Server
	accepted chan accepted
}

type accepted struct {
	c       *connection
	request *http.Request
}

func (p *peer) listen(r request) (answer, error) {
	o := r.Options
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := socket.Addr().String()
	if o.StallAfter > 0 {
		socket = stallingListener{socket, o.StallAfter}
	}
	upgrader := websocket.Upgrader{
		Subprotocols:      o.Subprotocols,
		EnableCompression: o.EnableCompression,
		WriteBufferSize:   o.WriteBufferSize,
	}
	l := &listener{accepted: make(chan accepted, 64)}
	l.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if !strings.HasPrefix(q.URL.Path, "/ws") {
			http.NotFound(w, q)
			return
		}
		// An error was answered already.
		if ws, err := upgrader.Upgrade(w, q, o.Headers); err == nil {
			l.accepted <- accepted{newConnection(ws, o.ReadLimit), q}
		}
	})}
	a := answer{}
	if o.TLS {
		config, authority, err := selfSigned()
		if err != nil {
			return nil, err
		}
		a["ca"] = authority
		l.server.TLSConfig = config
		go l.server.ServeTLS(socket, "", "")
		a["url"] = "wss://" + address + "/ws"
	} else {
		go l.server.Serve(socket)
		a["url"] = "ws://" + address + "/ws"
	}
	a["listener"] = p.addListener(l)
	return a, nil
}

// accept waits for the next connection, and tells what its request was.
func (p *peer) accept(l *listener) (answer, error) {
	next := <-l.accepted
	return answer{
		"connection":  p.addConnection(next.c),
		"subprotocol": next.c.ws.Subprotocol(),
		"target":      next.request.URL.RequestURI(),
		"headers":     next.request.Header,
	}, nil
}
