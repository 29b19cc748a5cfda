// Command pack puts programs that "cluster program" knows into images for a node.
//
// In come a folder and the names of programs; out goes an archive FOLDER/NAME.tar for each, with the image serin-e2e/NAME:dev in
// it. Like the packages it is made of, it must not need a container engine or a registry.
package main
