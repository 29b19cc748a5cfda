package certificate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// judgeEvery is how often the Secret is judged when it does not change: its certificate begins and ends by itself.
const judgeEvery = time.Minute

// watch prepares the watch on the one Secret.
func (k *Kept) watch() error {
	cluster, err := kubernetes.NewForConfig(k.options.Config)
	if err != nil {
		return err
	}
	k.informer = coreinformers.NewFilteredSecretInformer(cluster, k.options.Secret.Namespace, judgeEvery, cache.Indexers{}, func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, k.options.Secret.Name).String()
	})
	if err := k.informer.SetWatchErrorHandlerWithContext(k.lost); err != nil {
		return err
	}
	handler, err := k.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    k.seen,
		UpdateFunc: func(_, now any) { k.seen(now) },
		DeleteFunc: func(any) { k.absent() },
	})
	if err == nil {
		k.synced = handler.HasSynced
	}
	return err
}

// Run follows the Secret and keeps it filled until the context ends.
func (k *Kept) Run(ctx context.Context) {
	var parts sync.WaitGroup
	defer parts.Wait()
	parts.Go(func() { k.informer.RunWithContext(ctx) })
	// The rotator has no patience with a Secret that it may not read, and this watch has.
	if !cache.WaitForCacheSync(ctx.Done(), k.synced) {
		return
	}
	if len(k.informer.GetStore().ListKeys()) == 0 {
		k.absent()
	}
	k.rotate(ctx)
}

func (k *Kept) seen(object any) {
	if secret, ok := object.(*corev1.Secret); ok {
		k.take(secret)
	}
}

func (k *Kept) absent() {
	k.refuse(fmt.Sprintf("%s does not exist: create it empty, and a certificate is made and put into it", k.Name()))
}

// lost hears of each end of the watch, most of which mean nothing.
func (k *Kept) lost(_ context.Context, _ *cache.Reflector, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	k.refuse(fmt.Sprintf("%s cannot be read: %v", k.Name(), err))
}
