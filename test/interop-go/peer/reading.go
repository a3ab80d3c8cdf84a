// What reads. As in gorilla's examples, the transport is closed once a read has failed. RFC 6455 sections 5.4 to 5.6.
package main

import (
	"bytes"
	"fmt"
)

// counted is the n-th of many messages of 20 bytes.
func counted(n int) []byte {
	return []byte(fmt.Sprintf("message %012d", n))
}

var reading = map[string]operation{
	"read":        read,
	"readJSON":    readJSON,
	"readCounted": readCounted,
	"readMixed":   readMixed,
	"readLarge":   readLarge,
	"readToEnd":   readToEnd,
	"echo":        echo,
	"echoNoting":  echoNoting,
}

func read(c *connection, r request) (answer, error) {
	kind, data, err := c.ws.ReadMessage()
	if err != nil {
		c.ws.Close()
		return nil, err
	}
	return answer{"type": kind, "data": data}, nil
}

func readJSON(c *connection, r request) (answer, error) {
	var value interface{}
	if err := c.ws.ReadJSON(&value); err != nil {
		return nil, err
	}
	return answer{"value": value}, nil
}

// readCounted reads messages 0 to count - 1, which must be as counted makes them.
func readCounted(c *connection, r request) (answer, error) {
	for n := 0; n < r.Count; n++ {
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(data, counted(n)) {
			return nil, fmt.Errorf("%q instead of message %d", data, n)
		}
	}
	return answer{"count": r.Count}, nil
}

// readToEnd reads until that fails: the answer says why, and how many messages there were.
func readToEnd(c *connection, r request) (answer, error) {
	for count := 0; ; count++ {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			c.ws.Close()
			return answer{"end": describe(nil, err), "count": count}, nil
		}
	}
}

// echo sends back what comes until reading or writing fails: the answer is that of readToEnd.
func echo(c *connection, r request) (answer, error) {
	for count := 0; ; count++ {
		kind, data, err := c.ws.ReadMessage()
		if err == nil {
			err = c.ws.WriteMessage(kind, data)
		}
		if err != nil {
			c.ws.Close()
			return answer{"end": describe(nil, err), "count": count}, nil
		}
	}
}
