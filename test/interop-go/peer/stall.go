// A transport that takes so many bytes and then blocks for ever: a message is half way out for as long as a test likes.
package main

import "net"

type stallingListener struct {
	net.Listener
	after int
}

func (l stallingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &stallingConn{Conn: c, left: l.after}, err
}

// stallingConn is written by one goroutine at a time, as gorilla's Conn does.
type stallingConn struct {
	net.Conn
	left int
}

func (c *stallingConn) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.Conn.Write(p)
	}
	c.Conn.Write(p[:c.left])
	c.left = 0
	select {}
}
