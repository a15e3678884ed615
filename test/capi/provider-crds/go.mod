// Pins the providers whose CRDs the rendered definitions are checked against. Nothing of them is built: only the CRDs inside the
// module zips are read. The checksum database has no entry for two of them (OpenStack, RKE2); go.sum holds what was seen first.
module slipway.dev/provider-crds

go 1.26.0
require (
	github.com/rancher/cluster-api-provider-rke2 v0.17.1
	sigs.k8s.io/cluster-api v1.14.0
	sigs.k8s.io/cluster-api-provider-aws/v2 v2.13.0
	sigs.k8s.io/cluster-api-provider-openstack v0.13.0
	sigs.k8s.io/cluster-api-provider-vsphere v1.14.0
	sigs.k8s.io/cluster-api/test v1.14.0
)
