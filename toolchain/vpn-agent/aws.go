package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Cloud is what the instance may do with its own role: read hosts/, write its report, take its address.
type Cloud struct {
	config Config
	client *http.Client
	mutex  sync.Mutex
	held   Credentials
	until  time.Time
}

func newCloud(config Config) *Cloud {
	return &Cloud{config: config, client: &http.Client{Timeout: requestBound}}
}

const maxAnswer = 256 << 20

var errMissing = fmt.Errorf("it is not there")

// get reads an object; errMissing when there is none. No answer in whole within the bound is an error, never a part of the object.
func (cloud *Cloud) get(ctx context.Context, key string) ([]byte, error) {
	body, status, err := cloud.s3(ctx, http.MethodGet, key, nil)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNotFound:
		return nil, errMissing
	case status != http.StatusOK:
		return nil, fmt.Errorf("%s: %d %s", key, status, awsError(body))
	}
	return body, nil
}

func (cloud *Cloud) put(ctx context.Context, key string, body []byte) error {
	answer, status, err := cloud.s3(ctx, http.MethodPut, key, body)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", key, status, awsError(answer))
	}
	return nil
}

func (cloud *Cloud) s3(ctx context.Context, method, key string, body []byte) ([]byte, int, error) {
	address := cloud.config.Endpoints.S3 + "/" + cloud.config.Prefix + key
	return cloud.call(ctx, "s3", func() (*http.Request, error) {
		return http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	}, body)
}

// takeAddress makes the fixed address this instance's, whoever had it before.
func (cloud *Cloud) takeAddress(ctx context.Context) error {
	instance, err := cloud.metadata(ctx, "instance-id")
	if err != nil {
		return err
	}
	form := url.Values{"Action": {"AssociateAddress"}, "Version": {"2016-11-15"}, "AllocationId": {cloud.config.AllocationID},
		"InstanceId": {instance}, "AllowReassociation": {"true"}}.Encode()
	body, status, err := cloud.call(ctx, "ec2", func() (*http.Request, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, cloud.config.Endpoints.EC2+"/", strings.NewReader(form))
		if err == nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		}
		return request, err
	}, []byte(form))
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("AssociateAddress %s: %d %s", cloud.config.AllocationID, status, awsError(body))
	}
	// What was open had the address from before.
	cloud.client.CloseIdleConnections()
	return nil
}

const attempts = 4

// call tries again what may succeed then: no connection, throttled, a server's own failure.
func (cloud *Cloud) call(ctx context.Context, service string, build func() (*http.Request, error), body []byte) (answer []byte, status int, err error) {
	for attempt := 1; ; attempt++ {
		answer, status, err = cloud.once(ctx, service, build, body)
		again := err != nil || status == http.StatusTooManyRequests || status >= 500
		if !again || attempt == attempts {
			return answer, status, err
		}
		select {
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-time.After(time.Duration(attempt*attempt) * 300 * time.Millisecond):
		}
	}
}

func (cloud *Cloud) once(ctx context.Context, service string, build func() (*http.Request, error), body []byte) ([]byte, int, error) {
	credentials, err := cloud.credentials(ctx)
	if err != nil {
		return nil, 0, err
	}
	request, err := build()
	if err != nil {
		return nil, 0, err
	}
	sign(request, body, credentials, Scope{Region: cloud.config.Region, Service: service, Now: time.Now()})
	return cloud.do(request)
}

func (cloud *Cloud) do(request *http.Request) ([]byte, int, error) {
	response, err := cloud.client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return body, response.StatusCode, err
}

// credentials of the instance's role, by IMDSv2; kept until shortly before they end.
func (cloud *Cloud) credentials(ctx context.Context) (Credentials, error) {
	cloud.mutex.Lock()
	defer cloud.mutex.Unlock()
	if time.Now().Before(cloud.until) {
		return cloud.held, nil
	}
	role, err := cloud.metadata(ctx, "iam/security-credentials/")
	if err != nil {
		return Credentials{}, err
	}
	text, err := cloud.metadata(ctx, "iam/security-credentials/"+strings.TrimSpace(role))
	if err != nil {
		return Credentials{}, err
	}
	var answer struct {
		Code, AccessKeyId, SecretAccessKey, Token string
		Expiration                                time.Time
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.AccessKeyId == "" {
		return Credentials{}, fmt.Errorf("the instance has no credentials of a role (%s)", answer.Code)
	}
	cloud.held = Credentials{AccessKeyID: answer.AccessKeyId, SecretAccessKey: answer.SecretAccessKey, Token: answer.Token}
	cloud.until = answer.Expiration.Add(-5 * time.Minute)
	return cloud.held, nil
}

func (cloud *Cloud) metadata(ctx context.Context, path string) (string, error) {
	token, err := cloud.imds(ctx, http.MethodPut, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "300")
	if err != nil {
		return "", err
	}
	return cloud.imds(ctx, http.MethodGet, "/latest/meta-data/"+path, "X-aws-ec2-metadata-token", token)
}

func (cloud *Cloud) imds(ctx context.Context, method, path, header, value string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, cloud.config.Endpoints.IMDS+path, nil)
	if err != nil {
		return "", err
	}
	request.Header.Set(header, value)
	body, status, err := cloud.do(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("instance metadata %s: %d", path, status)
	}
	return string(body), err
}

// awsError gives the code and the sentence of S3's and EC2's forms of an error.
func awsError(body []byte) string {
	type fault struct{ Code, Message string }
	var answer struct {
		fault
		Errors struct{ Error fault }
	}
	if xml.Unmarshal(body, &answer) != nil {
		return "without a reason"
	}
	if answer.Code == "" {
		answer.fault = answer.Errors.Error
	}
	return answer.Code + ": " + answer.Message
}
