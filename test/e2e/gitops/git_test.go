//go:build e2e

package gitops

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// author is who commits, and the settings that keep the machine's own out of it.
var author = []string{
	"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
	"GIT_AUTHOR_NAME=shop", "GIT_AUTHOR_EMAIL=shop@example.com",
	"GIT_COMMITTER_NAME=shop", "GIT_COMMITTER_EMAIL=shop@example.com",
}

// repository is a Git repository with the branch main, which a server on loopback gives out.
type repository struct {
	// URL is where to clone it from.
	URL string

	work   string // a clone of it, in which the shop's people commit
	server *http.Server
}

// serveGit makes an empty repository in a folder and serves it.
func serveGit(ctx context.Context, folder string) (*repository, error) {
	r := &repository{work: filepath.Join(folder, "work")}
	bare := filepath.Join(folder, "git", "shop.git")
	if _, err := r.git(ctx, folder, "init", "--quiet", "--bare", "--initial-branch=main", bare); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, folder, "init", "--quiet", "--initial-branch=main", r.work); err != nil {
		return nil, err
	}
	if _, err := r.git(ctx, r.work, "remote", "add", "origin", bare); err != nil {
		return nil, err
	}
	programs, err := r.git(ctx, folder, "--exec-path")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.URL = fmt.Sprintf("http://%s/shop.git", listener.Addr())
	r.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: &cgi.Handler{
		Path: filepath.Join(programs, "git-http-backend"),
		Env:  append([]string{"GIT_PROJECT_ROOT=" + filepath.Dir(bare), "GIT_HTTP_EXPORT_ALL=1"}, author...),
	}}
	go func() { _ = r.server.Serve(listener) }() // It says that it was closed.
	return r, nil
}

func (r *repository) stop() error { return r.server.Close() }

// git runs git in a folder and returns what it prints.
func (r *repository) git(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), author...)
	text, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return strings.TrimSpace(string(text)), err
}

// commit writes files, of which an empty one is deleted, pushes them, and returns the revision as Flux writes it.
func (r *repository) commit(ctx context.Context, message string, files map[string]string) string {
	GinkgoHelper()
	for name, text := range files {
		path := filepath.Join(r.work, name)
		if text == "" {
			Expect(os.Remove(path)).To(Succeed())
			continue
		}
		Expect(os.WriteFile(path, []byte(text), 0o600)).To(Succeed())
	}
	return r.push(ctx, message, "add", "--all")
}

// revert reverts the newest commit, as `git revert HEAD` does.
func (r *repository) revert(ctx context.Context) string {
	GinkgoHelper()
	return r.push(ctx, "", "revert", "--no-edit", "HEAD")
}

// push runs a command, commits if there is a message, and pushes.
func (r *repository) push(ctx context.Context, message string, command ...string) string {
	GinkgoHelper()
	commands := [][]string{command}
	if message != "" {
		commands = append(commands, []string{"commit", "--quiet", "--message", message})
	}
	commands = append(commands, []string{"push", "--quiet", "origin", "main"})
	for _, args := range commands {
		_, err := r.git(ctx, r.work, args...)
		Expect(err).NotTo(HaveOccurred())
	}
	hash, err := r.git(ctx, r.work, "rev-parse", "HEAD")
	Expect(err).NotTo(HaveOccurred())
	return "main@sha1:" + hash
}
