package socket_test

import (
	"fmt"
	"io"
	"net"

	"github.com/postern/postern/extauthz/socket"
)

func ExampleDirect() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			fmt.Fprint(c, "hello")
			c.Close()
		}
	}()
	c, err := socket.Direct(l).Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	said, err := io.ReadAll(c)
	fmt.Println(string(said), err)
	// Output: hello <nil>
}
