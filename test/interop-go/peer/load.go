// Load, and its judge: many messages of many sizes, and messages of many megabytes. Both sides make the same bytes.
package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/gorilla/websocket"
)

// mixed is the n-th of many messages: texts and binary ones in turn, most of them short, one in fifty of up to 70,000
// bytes.
func mixed(n int) (int, []byte) {
	size := n * 7919 % 70_001
	if n%50 != 0 {
		size %= 301
	}
	kind := websocket.TextMessage + n%2
	data := make([]byte, size)
	for i := range data {
		if kind == websocket.TextMessage {
			data[i] = 'a' + byte((n+i)%26)
		} else {
			data[i] = byte((n + i) * 31 >> 2)
		}
	}
	return kind, data
}

func writeMixed(c *connection, r request) (answer, error) {
	for n := 0; n < r.Count; n++ {
		kind, data := mixed(n)
		if err := c.ws.WriteMessage(kind, data); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func readMixed(c *connection, r request) (answer, error) {
	for n := 0; n < r.Count; n++ {
		kind, data, err := c.ws.ReadMessage()
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", n, err)
		}
		if wantKind, want := mixed(n); kind != wantKind || !bytes.Equal(data, want) {
			return nil, fmt.Errorf("message %d is wrong: type %d, %d bytes", n, kind, len(data))
		}
	}
	return answer{"count": r.Count}, nil
}

// large are the bytes of one message.
type large struct{ at, end int }

func (l *large) Read(p []byte) (int, error) {
	if l.at == l.end {
		return 0, io.EOF
	}
	n := 0
	for ; n < len(p) && l.at < l.end; n++ {
		p[n] = byte(l.at*31>>3 ^ l.at>>11)
		l.at++
	}
	return n, nil
}

// writeLarge writes a message of so many bytes, of which it holds no more than a write buffer.
func writeLarge(c *connection, r request) (answer, error) {
	w, err := c.ws.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, &large{0, r.Count}); err != nil {
		return nil, err
	}
	return nil, w.Close()
}

func readLarge(c *connection, r request) (answer, error) {
	_, reader, err := c.ws.NextReader()
	if err != nil {
		return nil, err
	}
	expected := &large{0, r.Count}
	got, want := make([]byte, 65536), make([]byte, 65536)
	for {
		n, err := reader.Read(got)
		m, _ := io.ReadFull(expected, want[:n])
		if m < n || !bytes.Equal(got[:n], want[:n]) {
			return nil, fmt.Errorf("wrong bytes up to %d", expected.at)
		}
		if err == io.EOF {
			return answer{"count": expected.at}, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
