#!/usr/bin/env bash
# Draws the application's icons from icons/flagdeck.svg. The pictures are committed, so
# that building needs no renderer: run this after changing the drawing (librsvg2-bin).
set -euo pipefail
cd "$(dirname "$0")/../icons"

draw() {
    rsvg-convert --width "$1" --height "$1" --output "$2" flagdeck.svg
}

draw 32 32x32.png
draw 128 128x128.png
draw 256 128x128@2x.png
draw 512 icon.png
