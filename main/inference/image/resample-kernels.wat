;; Inner loops of the resampling, in vectors of 128 bits: the only way from Node to the vector instructions of a processor
;; that needs no compiled file for each platform. `npm run kernels` compiles this file to resample-kernels.wasm beside it.
;;
;; A weight of 24 bits is multiplied in two parts, since the fastest product, of 16-bit numbers, takes two weights at
;; once: weight = high * 2^11 + low, with 0 <= low < 2^11. The arithmetic is that of 32-bit integers still, bit for bit.
;; The sums begin with the half that rounds, 2^21, and have 22 bits after the point (`precisionBits`).
;; Addresses have no alignment that could be promised.
(module
  (import "engine" "memory" (memory 1))

  ;; Two rows of RGB pixels to their new width. For each pixel of the target the plan has the byte at which its first
  ;; source pixel stands (32 bits), then its weights in groups of four pixels: low 0 and 1, low 2 and 3, high 0 and 1,
  ;; high 2 and 3, of 16 bits.
  (func (export "horizontal")
    (param $source0 i32) (param $source1 i32) (param $target0 i32) (param $target1 i32)
    (param $plan i32) (param $planEnd i32) (param $weightBytes i32)
    (local $from i32) (local $weightsEnd i32) (local $distance i32)
    (local $pixels v128) (local $pairs v128)
    (local $low0 v128) (local $high0 v128) (local $low1 v128) (local $high1 v128)
    (local.set $distance (i32.sub (local.get $source1) (local.get $source0)))
    (loop $pixel
      (local.set $from (i32.add (local.get $source0) (i32.load align=1 (local.get $plan))))
      (local.set $plan (i32.add (local.get $plan) (i32.const 4)))
      (local.set $weightsEnd (i32.add (local.get $plan) (local.get $weightBytes)))
      (local.set $low0 (i32x4.splat (i32.const 0x200000)))
      (local.set $high0 (v128.const i32x4 0 0 0 0))
      (local.set $low1 (i32x4.splat (i32.const 0x200000)))
      (local.set $high1 (v128.const i32x4 0 0 0 0))
      (loop $group
        ;; The first row. Red, green and blue of pixels 0 and 1 stand side by side as 16 bits, then those of pixels 2
        ;; and 3; places from 16 on are zeros.
        (local.set $pixels (v128.load align=1 (local.get $from)))
        (local.set $pairs (i8x16.shuffle 0 16 3 16 1 16 4 16 2 16 5 16 16 16 16 16
          (local.get $pixels) (v128.const i32x4 0 0 0 0)))
        (local.set $low0 (i32x4.add (local.get $low0)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat align=1 (local.get $plan)))))
        (local.set $high0 (i32x4.add (local.get $high0)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=8 align=1 (local.get $plan)))))
        (local.set $pairs (i8x16.shuffle 6 16 9 16 7 16 10 16 8 16 11 16 16 16 16 16
          (local.get $pixels) (v128.const i32x4 0 0 0 0)))
        (local.set $low0 (i32x4.add (local.get $low0)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=4 align=1 (local.get $plan)))))
        (local.set $high0 (i32x4.add (local.get $high0)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=12 align=1 (local.get $plan)))))
        ;; The second row, in the same way.
        (local.set $pixels (v128.load align=1 (i32.add (local.get $from) (local.get $distance))))
        (local.set $pairs (i8x16.shuffle 0 16 3 16 1 16 4 16 2 16 5 16 16 16 16 16
          (local.get $pixels) (v128.const i32x4 0 0 0 0)))
        (local.set $low1 (i32x4.add (local.get $low1)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat align=1 (local.get $plan)))))
        (local.set $high1 (i32x4.add (local.get $high1)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=8 align=1 (local.get $plan)))))
        (local.set $pairs (i8x16.shuffle 6 16 9 16 7 16 10 16 8 16 11 16 16 16 16 16
          (local.get $pixels) (v128.const i32x4 0 0 0 0)))
        (local.set $low1 (i32x4.add (local.get $low1)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=4 align=1 (local.get $plan)))))
        (local.set $high1 (i32x4.add (local.get $high1)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=12 align=1 (local.get $plan)))))
        (local.set $from (i32.add (local.get $from) (i32.const 12)))
        (local.set $plan (i32.add (local.get $plan) (i32.const 16)))
        (br_if $group (i32.lt_u (local.get $plan) (local.get $weightsEnd))))
      ;; Sums become whole numbers, then 16 bits, then bytes; what does not fit becomes the nearest that does. The fourth
      ;; byte that is stored is the next pixel's first, which comes later.
      (local.set $pairs (i16x8.narrow_i32x4_s
        (i32x4.shr_s
          (i32x4.add (i32x4.shl (local.get $high0) (i32.const 11)) (local.get $low0))
          (i32.const 22))
        (v128.const i32x4 0 0 0 0)))
      (v128.store32_lane align=1 0 (local.get $target0)
        (i8x16.narrow_i16x8_u (local.get $pairs) (v128.const i32x4 0 0 0 0)))
      (local.set $target0 (i32.add (local.get $target0) (i32.const 3)))
      (local.set $pairs (i16x8.narrow_i32x4_s
        (i32x4.shr_s
          (i32x4.add (i32x4.shl (local.get $high1) (i32.const 11)) (local.get $low1))
          (i32.const 22))
        (v128.const i32x4 0 0 0 0)))
      (v128.store32_lane align=1 0 (local.get $target1)
        (i8x16.narrow_i16x8_u (local.get $pairs) (v128.const i32x4 0 0 0 0)))
      (local.set $target1 (i32.add (local.get $target1) (i32.const 3)))
      (br_if $pixel (i32.lt_u (local.get $plan) (local.get $planEnd)))))

  ;; Rows of bytes, $rowBytes apart, to one, sixteen bytes at a time. Weights stand in groups of two rows: low 0 and 1,
  ;; high 0 and 1, of 16 bits.
  (func (export "vertical")
    (param $source i32) (param $rowBytes i32) (param $target i32) (param $targetEnd i32)
    (param $weights i32) (param $weightsEnd i32)
    (local $from i32) (local $at i32)
    (local $first v128) (local $second v128) (local $mixed v128) (local $pairs v128)
    (local $low0 v128) (local $high0 v128) (local $low1 v128) (local $high1 v128)
    (local $low2 v128) (local $high2 v128) (local $low3 v128) (local $high3 v128)
    (loop $bytes
      (local.set $from (local.get $source))
      (local.set $at (local.get $weights))
      (local.set $low0 (i32x4.splat (i32.const 0x200000)))
      (local.set $high0 (v128.const i32x4 0 0 0 0))
      (local.set $low1 (i32x4.splat (i32.const 0x200000)))
      (local.set $high1 (v128.const i32x4 0 0 0 0))
      (local.set $low2 (i32x4.splat (i32.const 0x200000)))
      (local.set $high2 (v128.const i32x4 0 0 0 0))
      (local.set $low3 (i32x4.splat (i32.const 0x200000)))
      (local.set $high3 (v128.const i32x4 0 0 0 0))
      (loop $group
        (local.set $first (v128.load align=1 (local.get $from)))
        (local.set $from (i32.add (local.get $from) (local.get $rowBytes)))
        (local.set $second (v128.load align=1 (local.get $from)))
        (local.set $from (i32.add (local.get $from) (local.get $rowBytes)))
        ;; Bytes 0 to 7 of both rows, in turn; each becomes 16 bits.
        (local.set $mixed (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23
          (local.get $first) (local.get $second)))
        (local.set $pairs (i16x8.extend_low_i8x16_u (local.get $mixed)))
        (local.set $low0 (i32x4.add (local.get $low0)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat align=1 (local.get $at)))))
        (local.set $high0 (i32x4.add (local.get $high0)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=4 align=1 (local.get $at)))))
        (local.set $pairs (i16x8.extend_high_i8x16_u (local.get $mixed)))
        (local.set $low1 (i32x4.add (local.get $low1)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat align=1 (local.get $at)))))
        (local.set $high1 (i32x4.add (local.get $high1)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=4 align=1 (local.get $at)))))
        ;; Bytes 8 to 15 of both rows.
        (local.set $mixed (i8x16.shuffle 8 24 9 25 10 26 11 27 12 28 13 29 14 30 15 31
          (local.get $first) (local.get $second)))
        (local.set $pairs (i16x8.extend_low_i8x16_u (local.get $mixed)))
        (local.set $low2 (i32x4.add (local.get $low2)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat align=1 (local.get $at)))))
        (local.set $high2 (i32x4.add (local.get $high2)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=4 align=1 (local.get $at)))))
        (local.set $pairs (i16x8.extend_high_i8x16_u (local.get $mixed)))
        (local.set $low3 (i32x4.add (local.get $low3)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat align=1 (local.get $at)))))
        (local.set $high3 (i32x4.add (local.get $high3)
          (i32x4.dot_i16x8_s (local.get $pairs) (v128.load32_splat offset=4 align=1 (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $group (i32.lt_u (local.get $at) (local.get $weightsEnd))))
      (v128.store align=1 (local.get $target)
        (i8x16.narrow_i16x8_u
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s
              (i32x4.add (i32x4.shl (local.get $high0) (i32.const 11)) (local.get $low0))
              (i32.const 22))
            (i32x4.shr_s
              (i32x4.add (i32x4.shl (local.get $high1) (i32.const 11)) (local.get $low1))
              (i32.const 22)))
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s
              (i32x4.add (i32x4.shl (local.get $high2) (i32.const 11)) (local.get $low2))
              (i32.const 22))
            (i32x4.shr_s
              (i32x4.add (i32x4.shl (local.get $high3) (i32.const 11)) (local.get $low3))
              (i32.const 22)))))
      (local.set $source (i32.add (local.get $source) (i32.const 16)))
      (local.set $target (i32.add (local.get $target) (i32.const 16)))
      (br_if $bytes (i32.lt_u (local.get $target) (local.get $targetEnd))))))
