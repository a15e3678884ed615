package main

import (
	"context"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	cloudv1 "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/cloud/api/v1alpha1"
	inmemoryruntime "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime"
	inmemoryclient "sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime/client"
	"sigs.k8s.io/cluster-api/test/infrastructure/inmemory/pkg/runtime/resourcegroup"
)

// world is the cloud as the reconcilers of one manager see it: the shared resources, behind the manager's fence, each creation
// and deletion of a machine written down with the manager's name. A resource group is a cluster, `namespace/name`.
type world struct {
	inmemoryruntime.Manager
	server    string
	fence     *fence
	oracle    *oracle
	endpoints *endpoints
}

func (w *world) AddResourceGroup(name string) {
	if w.fence.enter() != nil {
		return
	}
	defer w.fence.leave()
	w.Manager.AddResourceGroup(name)
	if err := w.oracle.clusterSeen(name, w.server); err != nil {
		fatal(err)
	}
	w.endpoints.prepare(name)
}

func (w *world) DeleteResourceGroup(name string) {
	if w.fence.enter() != nil {
		return
	}
	defer w.fence.leave()
	w.Manager.DeleteResourceGroup(name)
	if err := w.oracle.clusterGone(name, w.server); err != nil {
		fatal(err)
	}
}

func (w *world) GetResourceGroup(name string) resourcegroup.ResourceGroup {
	return &groupInWorld{world: w, name: name, inner: w.Manager.GetResourceGroup(name).GetClient()}
}

type groupInWorld struct {
	world *world
	name  string
	inner inmemoryclient.Client
}

func (g *groupInWorld) GetClient() inmemoryclient.Client { return g }

func (g *groupInWorld) Get(ctx context.Context, key client.ObjectKey, obj client.Object) error {
	if !g.world.fence.open() {
		return errFenced
	}
	// What follows the look-up of an API server's pod is its endpoint being opened, which must happen on loopback.
	if strings.HasPrefix(key.Name, "kube-apiserver-") {
		if err := g.world.endpoints.open(g.name, key.Name); err != nil {
			return err
		}
	}
	return g.inner.Get(ctx, key, obj)
}

func (g *groupInWorld) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if !g.world.fence.open() {
		return errFenced
	}
	return g.inner.List(ctx, list, opts...)
}

func (g *groupInWorld) Create(ctx context.Context, obj client.Object) error {
	return g.write(func() error {
		if err := g.inner.Create(ctx, obj); err != nil {
			return err
		}
		if machine, ok := obj.(*cloudv1.CloudMachine); ok {
			return g.world.oracle.machineMade(g.name, machine.Name, g.world.server)
		}
		return nil
	})
}

func (g *groupInWorld) Delete(ctx context.Context, obj client.Object) error {
	return g.write(func() error {
		err := g.inner.Delete(ctx, obj)
		if machine, ok := obj.(*cloudv1.CloudMachine); ok && (err == nil || apierrors.IsNotFound(err)) {
			if failed := g.world.oracle.machineGone(g.name, machine.Name, g.world.server); failed != nil {
				return failed
			}
		}
		return err
	})
}

func (g *groupInWorld) Update(ctx context.Context, obj client.Object) error {
	return g.write(func() error { return g.inner.Update(ctx, obj) })
}

func (g *groupInWorld) Patch(ctx context.Context, obj client.Object, patch client.Patch) error {
	return g.write(func() error { return g.inner.Patch(ctx, obj, patch) })
}

func (g *groupInWorld) write(act func() error) error {
	if err := g.world.fence.enter(); err != nil {
		return err
	}
	defer g.world.fence.leave()
	return act()
}
