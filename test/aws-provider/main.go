// A provider plugin with the real AWS provider's schema over the account of the test bed: what is planned (unknown values, defaults,
// replacement, validation) is decided here from schema.json and behaviour.json; what happens in the account is asked of the bed at
// AWS_ENDPOINT_URL. See README.md. Nothing of this is part of the product.
package main

import (
	"context"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tfprotov5/tf5server"
)

func main() {
	recorded, err := loadRecorded()
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	server := &provider{recorded: recorded, stopped: ctx, stop: stop}
	address := os.Getenv("SLIPWAY_TEST_PROVIDER_ADDRESS")
	if address == "" {
		address = "registry.opentofu.org/hashicorp/aws"
	}
	if err := tf5server.Serve(address, func() tfprotov5.ProviderServer { return server }); err != nil {
		log.Fatal(err)
	}
}
