// Package smi holds nothing itself: each folder below it is one SMI API group in one hub form.
//
// Every published SMI version of a group is read and written in that group's folder and nowhere else, so the rest of Serin
// knows one shape per kind. The folders import apimachinery only.
//
// config/crd/smi holds the CustomResourceDefinitions of all kinds, for clusters that have none; internal/crdgen writes them.
package smi

//go:generate go run ./internal/crdgen ../../config/crd/smi
