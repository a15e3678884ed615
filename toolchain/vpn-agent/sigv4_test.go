package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The worked examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3 API reference.
func TestSignaturesAreThoseOfTheReference(t *testing.T) {
	credentials := Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	scope := Scope{Region: "us-east-1", Service: "s3", Now: time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)}
	for _, example := range []struct {
		method, address, body string
		headers               map[string]string
		signature             string
	}{
		{method: "GET", address: "https://examplebucket.s3.amazonaws.com/test.txt", headers: map[string]string{"Range": "bytes=0-9"},
			signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
		{method: "PUT", address: "https://examplebucket.s3.amazonaws.com/test%24file.text", body: "Welcome to Amazon S3.",
			headers:   map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "X-Amz-Storage-Class": "REDUCED_REDUNDANCY"},
			signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
		{method: "GET", address: "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
			signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	} {
		request, err := http.NewRequest(example.method, example.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range example.headers {
			request.Header.Set(name, value)
		}
		sign(request, []byte(example.body), credentials, scope)
		if got := request.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+example.signature) {
			t.Errorf("%s %s: %s", example.method, example.address, got)
		}
	}
}
